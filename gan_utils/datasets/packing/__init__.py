"""Any folder or zip of pictures becomes one array, with every file accounted for."""
