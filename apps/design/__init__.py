"""Layout, components, forms, style and words. It knows no dossier."""
