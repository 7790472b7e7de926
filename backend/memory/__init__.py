"""Memory: what training needs, what is free, and what is done when a GPU's runs out after all."""
