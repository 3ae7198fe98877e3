//! Connectors that the macro compiled, against the loopback server: over HTTP, and into SQLite.

#![cfg(test)]

mod actions;
mod agree;
mod children;
mod credentials;
mod documents;
mod ends;
mod faults;
mod hooks;
mod incremental;
mod jobs;
mod killed;
mod printed;
mod quickstart;
mod schema;
mod sources;
mod steps;
mod stored;
