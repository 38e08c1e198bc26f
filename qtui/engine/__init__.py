"""One shared async client, whatever is behind it. Knows no screen; imports model, methods, filters, errors, units."""
