//! Loading into SQLite from the loopback server: what is in the database after each kind of load,
//! and after each kind of failure.

#![cfg(test)]

mod appending;
mod changes;
mod children;
mod commits;
mod concurrent_loads;
mod dispositions;
mod failures;
mod keys;
mod killed_loads;
mod kills;
mod locks;
mod merge_tables;
mod replacements;
mod requests;
mod resumed;
mod shop;
mod states;
mod tenants;
mod user_tables;
mod values;
mod verified;
