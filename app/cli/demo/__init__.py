"""演示城市 — a fictional city, what is held in it, and the main job done before your eyes."""
