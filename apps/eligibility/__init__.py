"""Facts as they stood, the assessment, and what a person found."""
