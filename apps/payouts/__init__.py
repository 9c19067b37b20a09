"""The quarterly run: frozen lines, four eyes, one payment file, settlement."""
