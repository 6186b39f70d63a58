"""What pages gain while they are trees of nodes: facts, links, definitions, questions, tables."""
