//! An object store that is compatible with S3: moto, behind a proxy that fails.
//!
//! `REST_SOURCE_PYTHON` names a Python that has moto. Without the variable, the tests are skipped where `python3` has
//! none.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use rest_source_load_files::Files;
use rest_source_testkit::Folder;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{stored::rows, world::World};

/// What the proxy does with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Answers 503.
    Unavailable,
    /// Forwards the request, and closes the connection before the response.
    LostResponse,
    /// Answers 403, which is not retried.
    Forbidden,
}

/// A proxy before a server, which fails at one request.
#[derive(Default)]
struct Proxy {
    requests: AtomicUsize,
    fault: Mutex<Option<(usize, Fault)>>,
}

impl Proxy {
    async fn serve(self: Arc<Self>, listener: tokio::net::TcpListener, server: u16) {
        while let Ok((client, _)) = listener.accept().await {
            let proxy = Arc::clone(&self);
            tokio::spawn(async move {
                // A client that has gone needs no response.
                let _ = proxy.forward(client, server).await;
            });
        }
    }

    async fn forward(&self, mut client: TcpStream, server: u16) -> std::io::Result<()> {
        let request = read_request(&mut client).await?;
        if request.is_empty() {
            return Ok(());
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let fault = self
            .fault
            .lock()
            .unwrap()
            .filter(|(at, _)| *at == number)
            .map(|(_, fault)| fault);
        let refuse = |status: &str| {
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        };
        match fault {
            Some(Fault::Unavailable) => {
                return client.write_all(refuse("503 Slow Down").as_bytes()).await;
            }
            Some(Fault::Forbidden) => {
                return client.write_all(refuse("403 Forbidden").as_bytes()).await;
            }
            _ => {}
        }
        let mut upstream = TcpStream::connect(("127.0.0.1", server)).await?;
        upstream.write_all(&request).await?;
        let mut response = Vec::new();
        upstream.read_to_end(&mut response).await?;
        if fault == Some(Fault::LostResponse) {
            return Ok(());
        }
        client.write_all(&response).await
    }
}

/// Reads a request, and asks for the connection to be closed after its response.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut part = vec![0; 1 << 14];
    loop {
        let end = request.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&request[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().ok())?
            });
            if request.len() >= end + 4 + length.unwrap_or_default() {
                request.splice(end..end, *b"\r\nConnection: close");
                return Ok(request);
            }
        }
        match client.read(&mut part).await? {
            0 => return Ok(Vec::new()),
            count => request.extend(&part[..count]),
        }
    }
}

struct Store {
    moto: Child,
    proxy: Arc<Proxy>,
    /// The address of the proxy.
    endpoint: String,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.moto.kill();
        let _ = self.moto.wait();
    }
}

impl Store {
    /// Starts it; `None` if there is no Python with moto.
    async fn start() -> Option<Self> {
        let chosen = std::env::var("REST_SOURCE_PYTHON");
        let python = chosen.clone().unwrap_or_else(|_| "python3".to_owned());
        let found = Command::new(&python)
            .args(["-c", "import moto.server, flask"])
            .output();
        if !found.is_ok_and(|output| output.status.success()) {
            assert!(chosen.is_err(), "`REST_SOURCE_PYTHON` has no moto[server]");
            println!(
                "skipped: there is no python3 with moto[server]; REST_SOURCE_PYTHON names another Python"
            );
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let moto = Command::new(python)
            .args([
                "-m",
                "moto.server",
                "-H",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Arc::new(Proxy::default());
        tokio::spawn(Arc::clone(&proxy).serve(listener, port));
        let store = Self {
            moto: moto.unwrap(),
            proxy,
            endpoint,
        };
        for _ in 0..600 {
            let create = b"PUT /bucket HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let created = async {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
                server.write_all(create).await?;
                let mut response = String::new();
                server.read_to_string(&mut response).await?;
                Ok::<_, std::io::Error>(response.starts_with("HTTP/1.1 200"))
            };
            if created.await.is_ok_and(|created| created) {
                return Some(store);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("moto did not start");
    }

    fn options(&self) -> Vec<(String, String)> {
        let options = [
            ("aws_endpoint", self.endpoint.as_str()),
            ("aws_access_key_id", "key"),
            ("aws_secret_access_key", "secret"),
            ("aws_region", "eu-central-1"),
            ("aws_allow_http", "true"),
        ];
        options
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn files(&self, prefix: &str) -> Files {
        let url = format!("s3://bucket/{prefix}");
        Files::object_store_with(&url, self.options())
            .unwrap()
            .roll_at(500)
    }

    /// Copies all objects to a folder.
    async fn download(&self, prefix: &str, to: &Path) {
        let url = format!("s3://bucket/{prefix}").parse().unwrap();
        let (store, prefix) = object_store::parse_url_opts(&url, self.options()).unwrap();
        let objects: Vec<_> = store.list(Some(&prefix)).try_collect().await.unwrap();
        for object in objects {
            let bytes = store
                .get(&object.location)
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap();
            let relative = object
                .location
                .as_ref()
                .strip_prefix(prefix.as_ref())
                .unwrap();
            let path = to.join(relative.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// The published rows of the tables.
    async fn tables(&self, prefix: &str) -> [Vec<String>; 4] {
        let folder = Folder::new("s3").unwrap();
        self.download(prefix, folder.path()).await;
        [
            ("events", "events"),
            ("rates", "rates"),
            ("orders", "orders"),
            ("orders", "orders_lines"),
        ]
        .map(|(resource, table)| rows(folder.path(), resource, table))
    }

    fn fail(&self, fault: Option<(usize, Fault)>) {
        self.proxy.requests.store(0, Ordering::Relaxed);
        *self.proxy.fault.lock().unwrap() = fault;
    }
}

/// At every how many calls there is a fault: 1 for all.
const FAULT_STEP: &str = "REST_SOURCE_FAULT_STEP";

const RESOURCES: &str = "
  - name: events
    write_disposition: append
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
  - name: rates
    write_disposition: replace
    columns: { id: bigint!, at: bigint! }
  - name: orders
    write_disposition: merge
    primary_key: id
    columns:
      id: bigint!
      at: bigint!
      lines: { data_type: array, as: table, columns: { sku: text } }
";

/// Serves data that has grown to this size.
fn grow(world: &World, grown: i64) {
    let records = |count: i64, at: &dyn Fn(i64) -> i64| {
        (0..count)
            .map(|id| json!({ "id": id, "at": at(id), "lines": [{ "sku": at(id).to_string() }] }))
            .collect()
    };
    world.serve("/events", records(grown, &|id| id));
    world.serve("/rates", records(6, &|_| grown));
    world.serve("/orders", records(grown, &|id| id + grown));
}

fn lengths(tables: &[Vec<String>; 4]) -> [usize; 4] {
    tables.each_ref().map(Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_through_faults_in_each_call_equal_a_load_without() {
    let Some(store) = Store::start().await else {
        return;
    };
    let world = World::new().await;
    grow(&world, 10);
    store.fail(None);
    world.load(RESOURCES, &store.files("calm")).await;
    grow(&world, 14);
    world.load(RESOURCES, &store.files("calm")).await;
    let calls = store.proxy.requests.load(Ordering::Relaxed);
    let expected = store.tables("calm").await;
    assert_eq!(lengths(&expected), [14, 6, 14, 14]);
    let step = std::env::var(FAULT_STEP).map_or(9, |step| step.parse().unwrap());
    for (first, fault) in [Fault::LostResponse, Fault::Unavailable, Fault::Forbidden]
        .into_iter()
        .enumerate()
    {
        for call in (first..calls).step_by(step) {
            let prefix = format!("{fault:?}/{call}");
            grow(&world, 10);
            store.fail(Some((call, fault)));
            let load = async || {
                let loaded = world
                    .try_load(RESOURCES, &store.files(&prefix), |load| {
                        load.resources_at_once(1)
                    })
                    .await;
                if fault == Fault::Forbidden {
                    // The next load makes up for it.
                    return;
                }
                loaded.unwrap_or_else(|error| panic!("{prefix}: {error}"));
            };
            load().await;
            grow(&world, 14);
            load().await;
            store.fail(None);
            world.load(RESOURCES, &store.files(&prefix)).await;
            assert_eq!(store.tables(&prefix).await, expected, "{prefix}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn second_load_of_a_resource_is_told_that_another_one_was_faster() {
    let Some(store) = Store::start().await else {
        return;
    };
    let world = World::new().await;
    grow(&world, 10);
    let files = store.files("raced").publish_every(Duration::from_secs(60));
    world.load(RESOURCES, &files).await;
    let client = world.client(RESOURCES);
    let mut raced = false;
    let (url, options) = (world.server.url().to_owned(), store.options());
    let load = rest_source_load::Loading::new(&client, &files)
        .no_lock()
        .resource("orders")
        .on_progress(|_| {
            if std::mem::replace(&mut raced, true) {
                return;
            }
            let (url, options) = (url.clone(), options.clone());
            let other = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let client = crate::world::client(&url, RESOURCES);
                    let files = Files::object_store_with("s3://bucket/raced", options).unwrap();
                    rest_source_load::Loading::new(&client, &files)
                        .no_lock()
                        .resource("orders")
                        .await
                        .unwrap();
                });
            });
            other.join().unwrap();
        });
    let error = load.await.unwrap_err().to_string();
    assert!(
        error.contains("another load has written this resource since this one began"),
        "{error}"
    );
    assert_eq!(lengths(&store.tables("raced").await), [10, 6, 10, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn second_load_of_a_resource_is_refused_while_the_first_has_its_lease() {
    let Some(store) = Store::start().await else {
        return;
    };
    let world = World::new().await;
    grow(&world, 10);
    let (first, second) = (store.files("leased"), store.files("leased"));
    let client = world.client(RESOURCES);
    let load = |files| rest_source_load::Loading::new(&client, files).into_future();
    let (first, second) = tokio::join!(load(&first), load(&second));
    let error = match (first, second) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("{both:?}"),
    };
    assert_eq!(*error.errors[0].kind(), rest_source::ErrorKind::Locked);
    assert_eq!(lengths(&store.tables("leased").await), [10, 6, 10, 10]);
    // The lease was released.
    world.load(RESOURCES, &store.files("leased")).await;
}

#[test]
fn urls_name_the_format_and_the_place() {
    assert!(Files::open("sqlite:a.db").is_none() && Files::open("insights").is_none());
    for url in [
        "jsonl:insights",
        "csv:/tmp/insights",
        "jsonl:s3://bucket/insights",
    ] {
        assert!(Files::open(url).unwrap().is_ok(), "{url}");
    }
    assert_eq!(
        Files::open("parquet:insights").unwrap().is_ok(),
        cfg!(feature = "parquet")
    );
    let error = Files::open("jsonl:ftp://host/path")
        .unwrap()
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot open `ftp://host/path`"), "{error}");
    let error = Files::open("csv:").unwrap().unwrap_err().to_string();
    assert!(error.contains("the path of the folder is empty"), "{error}");
}
