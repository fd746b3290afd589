"""Judgements about people from values alone."""
