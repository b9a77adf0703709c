-- The grid of the window: products of a category by name, variants of a product.
CREATE INDEX item_shelf ON item (
    json_extract(value, '$.category'), json_extract(value, '$.name') COLLATE NOCASE, json_extract(value, '$.product')
) WHERE archived = 0;
CREATE INDEX item_product ON item (json_extract(value, '$.product')) WHERE archived = 0;
