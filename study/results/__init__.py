"""What steps leave and the report reads: places, names of files, words of tables."""
