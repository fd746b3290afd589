"""说法 — what every door says alike: amounts, days, gaps, and why there is credit or none."""
