"""The engine as the add-on sees it: where it is, its process, what is asked of it and answered."""
