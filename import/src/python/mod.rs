//! The literals of a Python file, read and never executed.
//!
//! A reader of our own, since a configuration is a small part of the language: a parser of all of it builds trees that
//! are as deep as the text, and gives up where a document shortens its code.

mod lexer;
mod parser;

pub(crate) use lexer::{Kind, Lexer, Token};
pub(crate) use parser::{Expr, Located, Parser, SyntaxError};
