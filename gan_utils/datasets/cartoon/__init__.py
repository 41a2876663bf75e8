"""Anime-like faces drawn by our own code, one module a part; `faces` puts them together."""
