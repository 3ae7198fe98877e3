//! Proxies, certificates and user agents of the command, and hosts that are not there.

use std::net::TcpListener;

use crate::shell::{Ran, Shell};

const SPEC: &str = "\
name: shop
client: { base_url: \"http://shop.example:8080/v1\", paginator: single_page }
resources: [{ name: stories, columns: { id: text! } }]
";

fn shop() -> Shell {
    let shell = Shell::new();
    shell.write("shop.yaml", SPEC);
    shell
}

const FETCH: [&str; 3] = ["fetch", "shop.yaml", "stories"];

fn fetch(shell: &Shell, more: &[&str]) -> Ran {
    shell.run(&[&FETCH[..], more].concat())
}

/// A proxy that answers itself, and the heads of the requests to it.
fn proxy() -> (String, std::sync::mpsc::Receiver<String>) {
    use std::io::{BufRead, BufReader, Write};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            let _ = sender.send(head.join("\n").to_lowercase());
            let body = "[{\"id\": \"1\"}]";
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    (address, heads)
}

#[test]
fn requests_go_through_the_proxy_with_its_password() {
    let (address, heads) = proxy();
    let shell = shop()
        .with("HTTP_PROXY", "http://127.0.0.1:9")
        .with("THE_PROXY", &format!("http://me:s3cr3t@{address}"))
        .with("REST_SOURCE_USER_AGENT", "nightly/1.0");
    let ran = fetch(&shell, &["--proxy", "env:THE_PROXY"]);
    assert_eq!(ran.code, 0, "{ran}");
    let head = heads.recv().unwrap();
    assert!(
        head.starts_with("get http://shop.example:8080/v1"),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: basic bwu6cznjcjn0"),
        "{head}"
    );
    assert!(head.contains("user-agent: nightly/1.0"), "{head}");
    let given = format!("http://{address}");
    let ran = fetch(&shell, &["--proxy", &given, "--user-agent", "mine/2"]);
    assert_eq!(ran.code, 0, "{ran}");
    let head = heads.recv().unwrap();
    assert!(head.contains("user-agent: mine/2"), "{head}");
    // A host of `NO_PROXY` is requested directly.
    let shell = shell.with("NO_PROXY", "shop.example");
    assert_eq!(fetch(&shell, &["--proxy", &given]).code, 3);
    assert!(heads.try_recv().is_err());
}

#[test]
fn proxy_that_is_not_there_is_named_without_its_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let shell = shop().with("THE_PROXY", &format!("http://me:s3cr3t@{address}"));
    let ran = fetch(&shell, &["--proxy", "env:THE_PROXY"]);
    assert_eq!(ran.code, 3, "{ran}");
    let through = format!("(through the proxy http://{address}) (tried 3 times)");
    assert!(ran.stderr.contains(&through), "{ran}");
    assert!(!ran.stderr.contains("s3cr3t"), "{ran}");
    for (more, wrong) in [
        (["--proxy", "env:NONE"], "the variable `NONE` is not set"),
        (
            ["--proxy", "socks5://me:s3cr3t@x"],
            "not the URL of an http or https proxy",
        ),
    ] {
        let ran = fetch(&shell, &more);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains(wrong), "{ran}");
        assert!(!ran.stderr.contains("s3cr3t"), "{ran}");
    }
}

#[test]
fn host_that_is_not_there_is_an_error_with_advice_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let shell = shop();
    for url in [closed.as_str(), "http://no-such-host.invalid"] {
        for args in [&FETCH[..], &["load", "shop.yaml", "--to", "sqlite:out.db"]] {
            let ran = shell.run(&[args, &["--base-url", url]].concat());
            assert_eq!(ran.code, 3, "{ran}");
            assert!(ran.stderr.contains("(tried 3 times)"), "{ran}");
            assert!(ran.stderr.contains("help: check the host"), "{ran}");
        }
    }
}

#[test]
fn certificates_are_named_by_variables_too() {
    let shell = shop();
    shell.write("no.pem", "no PEM");
    for variable in ["REST_SOURCE_CLIENT_CERTIFICATE", "REST_SOURCE_CA_FILE"] {
        let shell = shop().with(variable, "no.pem");
        shell.write("no.pem", "no PEM");
        let ran = fetch(&shell, &[]);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("cannot use `no.pem`: not "), "{ran}");
    }
}
