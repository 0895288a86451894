"""Summit's tenant service: leads, quotes, exports, usage and the evidence of operating them, kept apart by tenant."""

__version__ = "1.5.0"
