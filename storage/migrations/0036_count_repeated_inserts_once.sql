-- A repeated insert of events is known by its token, and what it adds to `feeds` must be known too: sums are not replaced.
ALTER TABLE feeds MODIFY SETTING non_replicated_deduplication_window = 1000
