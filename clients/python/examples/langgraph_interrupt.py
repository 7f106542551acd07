"""LangGraph: the gate is a node, and what it sends to a human interrupts the graph until the answer is there.

Needs `pip install langgraph`. Its "model" is a function, so no key is needed; yours takes its place.
"""

from typing import Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from otherwise_client import Otherwise

otherwise = Otherwise()


class State(TypedDict, total=False):
    question: str
    reply: str
    confidence: float
    escalation: int | None


def draft(state: State) -> State:
    """Stands for your model."""
    return {"reply": "You have 14 days to send it back.", "confidence": 0.52}


def gate(state: State) -> State:
    outcome = otherwise.gate(state["question"], state["reply"], confidence=state["confidence"])
    # A human's answer comes later; every other exit's output is known now.
    if outcome.escalation:
        return {"escalation": outcome.escalation.id}
    return {"escalation": None, "reply": outcome.output}


def human(state: State) -> State:
    # A node of its own: LangGraph runs an interrupted node from its beginning when it resumes.
    return {"reply": interrupt({"escalation": state["escalation"]})}


def build() -> Any:
    graph = StateGraph(State)
    graph.add_sequence([draft, gate])
    graph.add_node(human)
    graph.add_edge(START, "draft")
    graph.add_conditional_edges("gate", lambda state: "human" if state["escalation"] else END)
    graph.add_edge("human", END)
    return graph.compile(checkpointer=InMemorySaver())


def main() -> None:
    graph = build()
    thread: Any = {"configurable": {"thread_id": "1"}}
    state = graph.invoke({"question": "How long may I keep it?"}, thread)
    for stop in state.get("__interrupt__", ()):
        print("waiting for escalation", stop.value["escalation"])
        settled = otherwise.wait(stop.value["escalation"])
        state = graph.invoke(Command(resume=settled.value if settled.was_accepted else "(no reply)"), thread)
    print("reply:", state["reply"])


if __name__ == "__main__":
    main()
