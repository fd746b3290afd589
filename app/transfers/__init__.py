"""转单位 — people who leave one unit and join another, and their credits with them."""
