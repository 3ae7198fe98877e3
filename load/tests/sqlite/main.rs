//! Loading into SQLite from the loopback server: what is in the database after each kind of load,
//! and after each kind of failure.

#![cfg(test)]

mod appending;
mod changes;
mod children;
mod dispositions;
mod failures;
mod foreign;
mod keys;
mod requests;
mod shop;
mod side_by_side;
mod tenants;
mod unfinished;
mod values;
mod whole;
