"""合并档案 — two records of one person become one, which somebody decides with both in sight."""
