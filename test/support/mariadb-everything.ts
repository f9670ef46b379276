const tables = String.raw`
SET NAMES utf8mb4;
ALTER DATABASE COLLATE latin1_german2_ci;
CREATE FUNCTION made_before() RETURNS VARCHAR(9) DETERMINISTIC RETURN 'ä';
ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE goods (
  id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80) NOT NULL COMMENT 'it''s "a" name',
  price DECIMAL(30,10) CHECK (price >= 0), gross DECIMAL(30,10) AS (price * 2) STORED, label VARCHAR(200) AS (CONCAT(id, ':', name)) VIRTUAL,
  picture LONGBLOB, fixed BINARY(4), bits BIT(9), made TIMESTAMP(6) NULL, day DATE, facts JSON, size ENUM('s','ß') DEFAULT 'ß', tags SET('a','b'),
  place POINT, ratio DOUBLE, hidden INT INVISIBLE DEFAULT 7, FULLTEXT (name), KEY (gross)
) AUTO_INCREMENT = 1000;
INSERT INTO goods (id, name, price, picture, fixed, bits, made, day, facts, size, tags, place, ratio) VALUES
  (1, 'Tür 日本 🚪', 12345678901234567890.0123456789, UNHEX('000A0D1A22275C25FF'), UNHEX('00FF0A27'), b'101010101', '2024-02-29 12:00:00.123456', '9999-12-31', '{"a": "\\n"}', 's', 'a,b', ST_GeomFromText('POINT(1 2)'), 0.1),
  (2, 'tab\tline\nquote''"\\back\0nul', 0, '', NULL, b'0', NULL, NULL, NULL, 'ß', '', NULL, -1.7976931348623157e308),
  (3, 'NULL', 1, NULL, NULL, NULL, NULL, NULL, 'null', NULL, NULL, NULL, NULL);
INSERT INTO goods (name, price) SELECT CONCAT('row ', seq), seq FROM seq_1_to_2000;
UPDATE goods SET hidden = 8 WHERE id = 2;
CREATE TABLE ${"`"}NULL${"`"} (${"`"}select${"`"} INT, ${"`"}ba${"``"}ck tick${"`"} INT);
INSERT INTO ${"`"}NULL${"`"} VALUES (1, 2);
CREATE TABLE ${"`"}Straße & ünïcode${"`"} (id INT PRIMARY KEY, old VARCHAR(20) CHARACTER SET latin1) COMMENT 'ä';
INSERT INTO ${"`"}Straße & ünïcode${"`"} VALUES (1, 'größer');
CREATE TABLE hen (id INT PRIMARY KEY, egg INT);
CREATE TABLE egg (id INT PRIMARY KEY, hen INT, CONSTRAINT laid_by FOREIGN KEY (hen) REFERENCES hen (id) ON DELETE CASCADE);
INSERT INTO hen VALUES (1, 1); INSERT INTO egg VALUES (1, 1);
ALTER TABLE hen ADD CONSTRAINT came_from FOREIGN KEY (egg) REFERENCES egg (id);
CREATE TABLE part (id INT PRIMARY KEY, whole INT, FOREIGN KEY (whole) REFERENCES part (id));
SET foreign_key_checks = 0; INSERT INTO part VALUES (1, 2), (2, 1); SET foreign_key_checks = 1;
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, said VARCHAR(80)) PARTITION BY HASH (id) PARTITIONS 3;
CREATE SEQUENCE tickets START WITH 100 INCREMENT BY 10; SELECT NEXTVAL(tickets);
`;

/** Made after what they need, and named before it. */
const views = `
CREATE VIEW z_last AS SELECT id, twice(id) AS name FROM goods;
CREATE VIEW a_first AS SELECT id, name FROM z_last;
`;

const others = String.raw`
DELIMITER //
CREATE FUNCTION twice(n INT) RETURNS VARCHAR(40) CHARSET utf8mb4 DETERMINISTIC RETURN CONCAT('zwölf; ', n * 2)//
CREATE PROCEDURE restock(IN n INT) COMMENT 'a; b' BEGIN DECLARE i INT DEFAULT 0; -- a comment; with one
  WHILE i < n DO INSERT INTO log (said) VALUES ('restocked; "it"'); SET i = i + 1; END WHILE; END//
CREATE TRIGGER first_said AFTER INSERT ON hen FOR EACH ROW BEGIN INSERT INTO log (said) VALUES ('first'); END//
CREATE TRIGGER then_said AFTER INSERT ON hen FOR EACH ROW FOLLOWS first_said INSERT INTO log (said) VALUES ('then')//
SET sql_mode = 'ANSI_QUOTES'//
CREATE TRIGGER quoted BEFORE UPDATE ON part FOR EACH ROW BEGIN INSERT INTO "log" (said) VALUES ('ansi'); END//
SET sql_mode = DEFAULT//
CREATE DEFINER = nobody_here@'%' PROCEDURE in_anothers_name() SQL SECURITY DEFINER SELECT 1//
CREATE EVENT nightly ON SCHEDULE EVERY 1 SECOND STARTS '2020-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'ENABLE' DO BEGIN INSERT INTO part VALUES (FLOOR(RAND() * 1000000000) + 10, NULL); END//
CREATE EVENT sleeping ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM log//
DELIMITER ;
`;

/** What a database may hold that a careless copy loses, as a script for the client program. One event runs every second. */
export const everything = `${tables}${others}${views}`;
