"""CSV text: blocks of whole rows, their columns, the types of their fields."""
