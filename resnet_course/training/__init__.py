"""How a network is trained: engine, Lightning module, records; import the module that you need."""
