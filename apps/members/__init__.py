"""Who works where: people are invited, accept, and leave."""
