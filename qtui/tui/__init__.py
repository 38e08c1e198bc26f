"""The terminal app. Talks to host.client only; imports no numpy and no engine."""
