"""What the product promises about speed, measured beside yardsticks in the same run: `python -m bench`."""
