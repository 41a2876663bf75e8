"""What makes the shipped weights, classifiers, digits, pictures and CSVs; each by a make target."""
