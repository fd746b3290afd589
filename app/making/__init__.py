"""制卡 — cards that are asked for, made and handed out."""
