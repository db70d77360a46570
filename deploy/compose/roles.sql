-- Run once by the database's image. `writ store migrate` makes the tables as their owner. Both passwords are set by the operator:
-- ALTER ROLE writ_owner PASSWORD …; ALTER ROLE writ_app PASSWORD …;
CREATE ROLE writ_owner LOGIN CREATEROLE;
CREATE ROLE writ_app LOGIN;
CREATE DATABASE writ OWNER writ_owner;
