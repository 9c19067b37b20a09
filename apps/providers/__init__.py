"""The tenants: a provider, the roles there, the scope, the rights."""
