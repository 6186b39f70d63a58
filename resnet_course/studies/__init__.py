"""One file a chapter: QUESTION, configs(recipe, seeds), figure(records), holds(records)."""
