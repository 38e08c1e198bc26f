"""Points of a collection that somebody uses: drawn, taken into files, copied. Reads politely, in bounded requests."""
