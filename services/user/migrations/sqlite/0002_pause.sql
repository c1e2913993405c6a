-- Since when an operator has paused delivery.
ALTER TABLE lease ADD COLUMN paused_since INTEGER;
