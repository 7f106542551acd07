"""Runs in the browser and over REST."""
