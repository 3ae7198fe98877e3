use super::env_file::parse;

fn pairs(text: &str) -> Vec<(String, String)> {
    parse(text, "`.env`").unwrap()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn env_file_keeps_values_as_they_are_written() {
    for (text, value) in [
        ("KEY=abc", "abc"),
        ("\u{feff}KEY=abc\r\n", "abc"),
        ("  export KEY = abc  \n", "abc"),
        ("KEY=a#b=c==", "a#b=c=="),
        ("KEY=", ""),
        ("KEY=''", ""),
        ("KEY='a $b \\n \"c\" #'", "a $b \\n \"c\" #"),
        (
            "KEY=\"a 'b' \\\" \\\\ \\$ \\n.\" # why",
            "a 'b' \" \\ $ \n.",
        ),
        ("KEY='one\ntwo'\n", "one\ntwo"),
        ("KEY=\"one\ntwo\"\n", "one\ntwo"),
    ] {
        assert_eq!(pairs(text), [pair("KEY", value)], "{text}");
    }
    let several = "# comment\n\nA=1\n   \nB='x\ny'\r\nA=2";
    assert_eq!(
        pairs(several),
        [pair("A", "1"), pair("B", "x\ny"), pair("A", "2")]
    );
    assert_eq!(pairs(""), []);
}

#[test]
fn env_file_error_has_the_line_and_not_its_text() {
    for (line, wrong) in [
        ("s3cr3t", "expected `NAME=VALUE`"),
        ("=s3cr3t", "expected `NAME=VALUE`"),
        ("KEY: x=s3cr3t", "expected `NAME=VALUE`"),
        ("KEY=s3cr3t word", "without quotes"),
        ("KEY=s3cr3t$x", "without quotes"),
        ("KEY=s3cr3t\\", "without quotes"),
        ("KEY=s3cr3t'", "without quotes"),
        ("KEY='s3cr3t", "does not end with one"),
        ("KEY=\"s3cr3t\\\"", "does not end with one"),
        ("KEY='s3cr3t'x", "followed by more"),
        ("KEY='s3cr3t'#x", "followed by more"),
        ("KEY=\"s3cr3t\\t\"", "unknown escape"),
        ("KEY=\"s3cr3t$x\"", "not substituted"),
    ] {
        let text = format!("A='1\n2'\n# comment\n{line}");
        let error = parse(&text, "`.env`").unwrap_err().to_string();
        assert!(error.contains("`.env`, line 4: "), "{line}: {error}");
        assert!(error.contains(wrong), "{line}: {error}");
        assert!(!error.contains("s3cr3t"), "{line}: {error}");
    }
}
