"""Questions about terminals, uploads and swipes."""
