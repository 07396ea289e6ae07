-- Copyright (c) 2026, waba.migration contributors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later
-- A database of everything that is known to get lost or changed on the way. What only one flavour knows is in its own
-- kind of comment: /*!80000 for MySQL, /*M! for MariaDB.

CREATE DATABASE `acme_nasty Ünï.x%` CHARACTER SET latin1 COLLATE latin1_german2_ci;
GRANT ALL PRIVILEGES ON `acme\_nasty Ünï.x\%`.* TO acme@'%';
USE `acme_nasty Ünï.x%`;
SET NAMES utf8mb4;
SET time_zone = '+05:00';
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';

-- Names that differ in nothing but their case, and names that need quotes
CREATE TABLE Message (id int PRIMARY KEY, t text);
CREATE TABLE message (id int PRIMARY KEY, t text);
INSERT INTO Message VALUES (1, 'large');
INSERT INTO message VALUES (1, 'small'), (2, 'small');
CREATE TABLE `a b``c;'"-- %_\` (`select` int, `x``y` int, `Größe` int, PRIMARY KEY (`select`), KEY `k``;` (`x``y`), UNIQUE KEY `ü` (`Größe`));
INSERT INTO `a b``c;'"-- %_\` VALUES (1, 2, 3), (4, 5, 6);
CREATE TABLE `-dash` (id int PRIMARY KEY) COMMENT = 'KEY `x` (`y`),\n  KEY `z` (`y`) it''s; -- \\ "quoted"';
INSERT INTO `-dash` VALUES (7);

-- Text
CREATE TABLE texts (
  id int PRIMARY KEY AUTO_INCREMENT,
  latin varchar(50) CHARACTER SET latin1,
  east varchar(50) CHARACTER SET cp1250 COLLATE cp1250_czech_cs,
  wide varchar(50) CHARACTER SET utf16,
  old varchar(50) CHARACTER SET utf8mb3,
  full4 varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci,
  exact varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  general varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  modern varchar(50) CHARACTER SET utf8mb4 /*!80000 COLLATE utf8mb4_0900_as_cs */ /*M! COLLATE utf8mb4_uca1400_as_cs */,
  plain longtext CHARACTER SET utf8mb4
) AUTO_INCREMENT = 1000;
INSERT INTO texts VALUES
  (1, 'äöüß€', 'žluťoučký', '𝄞 emoji 🎉', 'ü', '🎉👩‍👩‍👧‍👦', 'Ab🎉', 'ab', 'AB', 'quote '' double " back \\ percent % under _'),
  (2, NULL, NULL, NULL, NULL, NULL, 'NULL', '', '\\N', 'line\nfeed\rreturn\r\nboth\ttab\Zcontrol\0nul\b'),
  (3, '', '', '', '', '', '', '', '', '-- not a comment; DELIMITER ;;\n/*! not executed */ $$ ` '' "'),
  (4, ' trailing ', 'x', 'x', 'x', 'x', 'x', 'x', 'x', REPEAT('0123456789 ', 20000));

-- Bytes
CREATE TABLE blobs (
  id int PRIMARY KEY, b longblob, t tinyblob, v varbinary(300), f binary(16) NOT NULL DEFAULT 'a', n bit(64), one bit(1)
);
SET @all = '';
DELIMITER ;;
CREATE PROCEDURE fill_bytes() BEGIN
  DECLARE i int DEFAULT 0;
  WHILE i < 256 DO SET @all = CONCAT(@all, LPAD(HEX(i), 2, '0')); SET i = i + 1; END WHILE;
END;;
DELIMITER ;
CALL fill_bytes();
DROP PROCEDURE fill_bytes;
INSERT INTO blobs VALUES
  (1, REPEAT(UNHEX(@all), 5000), NULL, UNHEX(@all), UNHEX('00112233445566778899aabbccddeeff'), b'1', b'0'),
  (2, '', '', '', UNHEX('00'), 18446744073709551615, b'1'),
  (3, UNHEX('00'), UNHEX('0000'), UNHEX('f09f8e89ff27'), DEFAULT, 0, NULL);

-- Numbers, dates, enumerations
CREATE TABLE numbers (
  id bigint unsigned PRIMARY KEY, d decimal(65,30), dbl double, tiny tinyint unsigned zerofill, y year, b bool
);
INSERT INTO numbers VALUES
  (18446744073709551615, 12345678901234567890123456789012345.123456789012345678901234567890, 1.7976931348623157e308, 5, 1901, 1),
  (0, -0.000000000000000000000000000001, 2.2250738585072014e-308, 255, 0000, 0), (1, NULL, 0.1, NULL, NULL, NULL);
-- Single precision, which the server rounds to six digits when it shows it, next to every other type
CREATE TABLE floats (
  id int PRIMARY KEY, f float, fixed float(9,4), positive float unsigned, d double, two double(12,3), n decimal(20,5) zerofill,
  e enum('x', '', 'ü') CHARACTER SET utf8mb4, s set('a', 'b c'), bits bit(9), b longblob, f16 binary(4), v varbinary(9), t longtext CHARACTER SET utf8mb4,
  latin varchar(9) CHARACTER SET latin1, wide varchar(9) CHARACTER SET utf16, exact varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, j json,
  g geometry, p point, dt datetime(6), ts timestamp(3) NULL, ti time(2), da date, y year, z int zerofill,
  half float GENERATED ALWAYS AS (f / 2) STORED, secret float INVISIBLE
  /*!90000 , vec vector(2) */ /*M! , addr inet6, uid uuid, vec vector(2) */, KEY (f)
);
INSERT INTO floats (id, f, fixed, positive, d, two, n, e, s, bits, b, f16, v, t, latin, wide, exact, j, g, p, dt, ts, ti, da, y, z, secret) VALUES
  (1, 1e0 / 7, 12345.6789, 16777217, -2.2250738585072014e-308, 1.5, 1.5, 'x', 'a,b c', b'101010101', UNHEX('00ff275c'), UNHEX('01'), UNHEX('00ff27'), 'é🎉''\\\n',
    'ä', '🎉', 'Ab🎉', '{"f": 1.5, "u": "ü"}', ST_GeomFromText('LINESTRING(0 0,1 1)'), POINT(0.1, -0.2), '0000-00-00 00:00:00.000001',
    '2026-01-01 00:00:00.123', '-12:00:00.5', '2004-02-31', 2026, 5, 1e0 / 3),
  (2, -3.4028234663852886e38, NULL, 1.1754943508222875e-38, NULL, NULL, NULL, '', '', 0, '', '', '', '', '', '', '', 'null', NULL, NULL, NULL, NULL, NULL, NULL, 0000, 0, 0.1),
  (3, 1e-45, 0.0001, 123456789, 0.1, 0.001, 99999, 'ü', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
/*!90000 UPDATE floats SET vec = TO_VECTOR('[0.142857142857, 16777216]') WHERE id = 1 */;
/*M! UPDATE floats SET vec = VEC_FromText('[0.142857142857, 16777216]'), addr = '2001:db8::1', uid = '123e4567-e89b-12d3-a456-426655440000' WHERE id = 1 */;
CREATE TABLE dates (
  id int PRIMARY KEY, d date, dt datetime(6), ts timestamp(6) NULL, t time(6),
  zero date NOT NULL DEFAULT '0000-00-00', part date NOT NULL DEFAULT '2020-00-15',
  upd timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
);
INSERT INTO dates VALUES
  (1, '0000-00-00', '0000-00-00 00:00:00', '2038-01-19 08:14:07.999999', '-838:59:59', DEFAULT, DEFAULT, '2020-02-03 04:05:06.789'),
  (2, '2004-02-31', '2004-02-31 01:02:03.000004', '1970-01-01 05:00:01', '838:59:58.999999', '1000-01-01', '9999-12-31', NULL),
  (3, '2020-00-00', '2020-01-00 00:00:00', NULL, '00:00:00.000001', '0000-00-00', '2020-01-01', '2001-01-01 00:00:00');
CREATE TABLE kinds (
  id int PRIMARY KEY, e enum('it''s', 'b"', 'ü', '') NOT NULL, s set('a', 'b c', 'd''') NULL, j json, g geometry, p point
);
INSERT INTO kinds VALUES
  (1, 'it''s', 'a,d''', '{"emoji": "🎉", "nul": "\\u0000", "n": 12345678901234567890, "f": 1.5}', ST_GeomFromText('POLYGON((0 0,4 0,4 4,0 0))'), POINT(1, 2)),
  (2, '', '', '[]', NULL, NULL), (3, 'ü', NULL, NULL, ST_GeomFromText('LINESTRING(0 0,1 1)'), POINT(0.1, -0.2));

-- Counters: far ahead of the rows, over the number zero and negative ones, on a secondary key, at their very beginning
CREATE TABLE counter_ahead (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, t int, KEY (t)) AUTO_INCREMENT = 987654321;
INSERT INTO counter_ahead (id, t) VALUES (0, 0), (5, 5);
CREATE TABLE counter_signed (id int PRIMARY KEY AUTO_INCREMENT, t int);
INSERT INTO counter_signed VALUES (-5, 1), (0, 2), (3, 3);
CREATE TABLE counter_second (a int, id int AUTO_INCREMENT, t int, PRIMARY KEY (a), KEY (id), KEY (t));
INSERT INTO counter_second VALUES (1, 10, 1), (2, 20, 2);
DELETE FROM counter_second WHERE id = 20;
CREATE TABLE counter_new (id int PRIMARY KEY AUTO_INCREMENT, t int);

-- Keys of every kind
CREATE TABLE keys_many (
  id int PRIMARY KEY, a varchar(400), b int NOT NULL, c int, d varchar(20),
  KEY prefix_key (a(10)), UNIQUE KEY unique_null (c), UNIQUE KEY unique_not_null (b), KEY two (b, c DESC),
  KEY commented (d) COMMENT 'with, comma ''and'' \\ `tick`'
  /*!80000 , KEY hidden (c) INVISIBLE */ /*M! , KEY hidden (c) IGNORED */
);
INSERT INTO keys_many VALUES (1, 'x', 1, 1, 'd'), (2, REPEAT('ü', 400), 2, NULL, NULL), (3, NULL, 3, NULL, '');
CREATE TABLE keys_fulltext (id int PRIMARY KEY, a text, b text, FULLTEXT KEY f1 (a), FULLTEXT KEY f2 (a, b), KEY p (b(5)));
INSERT INTO keys_fulltext VALUES (1, 'some words', 'more words');
CREATE TABLE keys_none (a int, b varchar(10));
INSERT INTO keys_none VALUES (1, 'same'), (1, 'same'), (NULL, NULL);
CREATE TABLE keys_unique_only (a int NOT NULL, b int, UNIQUE KEY (a), KEY (b));
INSERT INTO keys_unique_only VALUES (2, 1), (1, 1);
CREATE TABLE keys_text (name varchar(40) CHARACTER SET utf8mb4 PRIMARY KEY, v int, KEY (v));
INSERT INTO keys_text VALUES ('🎉', 1), ('', 2), ('a''b', 3);
CREATE TABLE keys_spatial (id int PRIMARY KEY, g point NOT NULL /*!80000 SRID 4326 */, SPATIAL KEY (g));
INSERT INTO keys_spatial VALUES (1, ST_GeomFromText('POINT(10 20)' /*!80000 , 4326 */));
/*!80000 CREATE TABLE keys_expression (id int PRIMARY KEY, a varchar(10), KEY low ((lower(a))), KEY (a), secret int INVISIBLE) */;
/*!80000 INSERT INTO keys_expression (id, a, secret) VALUES (1, 'AbC', 42) */;
/*M! CREATE TABLE keys_expression (id int PRIMARY KEY, a varchar(10), KEY (a), secret int INVISIBLE) */;
/*M! INSERT INTO keys_expression (id, a, secret) VALUES (1, 'AbC', 42) */;

-- Generated columns, checks, expressions as defaults
CREATE TABLE `generated` (
  id int PRIMARY KEY, a int, b varchar(20) CHARACTER SET utf8mb4,
  stored_one bigint GENERATED ALWAYS AS (a * 2) STORED, virtual_one varchar(60) CHARACTER SET utf8mb4 GENERATED ALWAYS AS (CONCAT(b, '-;\'', a)) VIRTUAL,
  dflt int DEFAULT (1 + 2), after_it int, KEY (stored_one), KEY (virtual_one), CONSTRAINT positive CHECK (a > -100), CHECK (b <> 'it''s')
);
INSERT INTO `generated` (id, a, b, after_it) VALUES (1, 5, '🎉', 9), (2, NULL, NULL, NULL), (3, -99, '\\', 0);

-- Foreign keys: to itself, in a circle, to a unique key, with actions
CREATE TABLE fk_tree (id int PRIMARY KEY, parent int, CONSTRAINT tree FOREIGN KEY (parent) REFERENCES fk_tree (id) ON DELETE CASCADE);
INSERT INTO fk_tree VALUES (1, NULL), (2, 1), (3, 2);
SET foreign_key_checks = 0;
CREATE TABLE fk_a (id int PRIMARY KEY, b int, KEY (b), FOREIGN KEY (b) REFERENCES fk_b (id) ON UPDATE SET NULL);
CREATE TABLE fk_b (id int PRIMARY KEY, a int, code varchar(10) CHARACTER SET ascii, UNIQUE KEY (code), FOREIGN KEY (a) REFERENCES fk_a (id));
CREATE TABLE fk_code (id int PRIMARY KEY, code varchar(10) CHARACTER SET ascii, CONSTRAINT by_code FOREIGN KEY (code) REFERENCES fk_b (code));
INSERT INTO fk_a VALUES (1, 1), (2, NULL);
INSERT INTO fk_b VALUES (1, 1, 'x');
INSERT INTO fk_code VALUES (1, 'x');
SET foreign_key_checks = 1;

-- Partitions, engines, formats
CREATE TABLE parts (id int NOT NULL, d date NOT NULL, t varchar(20), PRIMARY KEY (id, d), KEY (t))
  PARTITION BY RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN (2025), PARTITION pmax VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, '2019-01-01', 'a'), (2, '2022-01-01', 'b'), (3, '2030-01-01', 'c');
CREATE TABLE parts_hash (id int PRIMARY KEY AUTO_INCREMENT, t int) PARTITION BY HASH (id) PARTITIONS 3;
INSERT INTO parts_hash (t) VALUES (1), (2), (3), (4);
CREATE TABLE isam (id int PRIMARY KEY AUTO_INCREMENT, t text, FULLTEXT KEY (t)) ENGINE = MyISAM;
INSERT INTO isam VALUES (1, 'one'), (9, 'nine');
CREATE TABLE packed (id int PRIMARY KEY, t text) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
INSERT INTO packed VALUES (1, REPEAT('x', 10000));
CREATE TABLE empty_table (id int PRIMARY KEY);

-- Many rows with gaps
CREATE TABLE many_rows (id bigint PRIMARY KEY AUTO_INCREMENT, a varchar(40) CHARACTER SET utf8mb4, b int, KEY (a), UNIQUE KEY (b));
INSERT INTO many_rows (a, b) SELECT MD5_OF_NUMBER, n FROM (
  WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n, SHA2(n, 224) AS long_one, LEFT(SHA2(n, 224), 32) AS MD5_OF_NUMBER FROM s
) x;
DELETE FROM many_rows WHERE id % 7 = 0;
INSERT INTO many_rows (id, a, b) VALUES (5000000000, 'far', -1);

-- Routines, triggers, views and events, in other modes, with definers that the target knows and that it does not
DELIMITER ;;
CREATE DEFINER = acme@'%' FUNCTION Twice(x int) RETURNS int DETERMINISTIC COMMENT 'it''s; twice' RETURN x * 2;;
CREATE DEFINER = `gone``one`@'10.%' PROCEDURE touch(INOUT x int, IN `text ü` varchar(20) CHARACTER SET utf8mb4) SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
  -- CREATE DEFINER=`nobody`@`%` in a comment; with ü
  DECLARE done int DEFAULT 0;
  SET x = x + 1; /* ;; */
  INSERT INTO message VALUES (x, CONCAT('a;b', "c''d", `text ü`));
END;;
SET sql_mode = 'PIPES_AS_CONCAT,ANSI_QUOTES';;
CREATE FUNCTION glued(a text CHARACTER SET utf8mb4) RETURNS text CHARACTER SET utf8mb4 DETERMINISTIC RETURN a || '-' || '"';;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';;
CREATE TRIGGER first_before BEFORE INSERT ON keys_many FOR EACH ROW SET NEW.d = COALESCE(NEW.d, 'set; by trigger');;
CREATE DEFINER = `gone``one`@'10.%' TRIGGER second_before BEFORE INSERT ON keys_many FOR EACH ROW FOLLOWS first_before BEGIN
  IF NEW.b > 1000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'too large'; END IF;
END;;
CREATE DEFINER = acme@'%' TRIGGER `after ü` AFTER DELETE ON Message FOR EACH ROW DELETE FROM message WHERE id = OLD.id;;
CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 03:00:00' ON COMPLETION PRESERVE COMMENT 'far; away' DO BEGIN
  DELETE FROM message WHERE id < 0;
  DELETE FROM Message WHERE id < 0;
END;;
CREATE DEFINER = `gone``one`@'10.%' EVENT once ON SCHEDULE AT '2037-01-01 03:00:00' DISABLE DO DELETE FROM message;;
DELIMITER ;
CREATE VIEW z_base AS SELECT id, t, Twice(id) AS double_id FROM Message;
CREATE ALGORITHM = MERGE DEFINER = `gone``one`@'10.%' SQL SECURITY INVOKER VIEW a_on_z AS SELECT z.id, 'ü🎉''' AS word FROM z_base z WHERE z.id > 0 WITH CASCADED CHECK OPTION;
CREATE DEFINER = acme@'%' VIEW `m view` AS SELECT `select`, `Größe` FROM `a b``c;'"-- %_\` WHERE `x``y` IS NOT NULL;
