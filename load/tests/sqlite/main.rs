//! Loading into SQLite from the loopback server: what is in the database after each kind of load,
//! and after each kind of failure.

#![cfg(test)]

mod appending;
mod changes;
mod children;
mod dispositions;
mod failures;
mod keys;
mod shop;
mod values;
mod whole;
