"""Installing the engine: an isolated Python environment beside Blender's. Knows no Blender."""
