-- 004-search.sql - the index of what messages say.

-- Without contents of its own: a row of it is found in messages by its rowid. Beside the words of the content a row has one
-- token that says the escrow, its number between two U+F8FF, which is ANDed with whatever is looked for. Without positions:
-- a phrase is found by its words and then looked for in the text itself. prefix: what begins with three letters is found as
-- fast as a word. automerge: half the merging of the default, at a few more places to look at.
-- What the index costs is mostly a price of each commit: so messages are indexed in batches (64 here, 256 since 007: SEARCH_BATCH), in the
-- transaction of the one whose id completes a batch, and the few that are not indexed yet are looked at themselves: a search misses
-- nothing that is committed.
CREATE VIRTUAL TABLE search USING fts5(escrow, content, content='', columnsize=0, detail=none, prefix='3',
	tokenize='unicode61 remove_diacritics 2');
INSERT INTO search(search, rank) VALUES('automerge', 8);
INSERT INTO search(rowid, escrow, content)
SELECT id, char(63743) || escrow || char(63743), content FROM messages
WHERE id <= (SELECT max(id) / 64 * 64 FROM messages);
-- Which kind of index it is: 'words' or 'trigram' (see open.sql).
INSERT INTO meta(key, value) VALUES('search', 'words');
