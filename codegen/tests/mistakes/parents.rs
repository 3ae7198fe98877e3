//! Parents and children.

use super::{client, indented, resource, say};

/// A spec of posts, of these lines in their children, and of further resources.
fn child(lines: &str, others: &str) -> String {
    let posts = "
- name: posts
  primary_key: id
  columns:
    id: text
    lang: text
    views: bigint!
    at: timestamp!
    author: { data_type: object, fields: { id: text!, Home Town: text } }
    owner: { data_type: object, nullable: false, fields: { id: text! } }
    tags: { data_type: array, items: text! }
    extra: json
";
    format!(
        "client:\n  base_url: https://api.example.com\n  paginator: single_page\nresources:{}\
         \n  - name: comments\n{}{}",
        indented(posts, 2),
        indented(lines, 4),
        indented(others, 2)
    )
}

/// A spec with these lines in the endpoint of a child.
fn asked(lines: &str) -> String {
    child(
        &format!(
            "columns: {{ id: text! }}\nendpoint:\n{}",
            indented(lines, 2)
        ),
        "",
    )
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list")]
fn several_parents() {
    say(
        "several_parents",
        &[
            (
                "a parent and its parent",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.posts.id}\", params: {q: \"{resources.likes.id}\"}}",
                    "- name: likes\n  endpoint: likes/{resources.posts.id}\n  columns: {id: text!}",
                ),
            ),
            (
                "parents of one parent",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.likes.id}/{resources.views.id}",
                    "- name: likes\n  endpoint: likes/{resources.posts.id}\n  columns: {id: text!}\n\
                     - name: views\n  endpoint: views/{resources.posts.id}\n  columns: {id: text!}",
                ),
            ),
            (
                "an unknown second parent",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.posts.id}/{resources.user.id}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "a circle through the second parent",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.posts.id}/{resources.users.id}",
                    "- name: users\n  endpoint: users/{resources.comments.id}\n  columns: {id: text!}",
                ),
            ),
            (
                "a batch of several parents",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.posts.views}/{resources.users.id}\", batch: 10}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "a condition on several parents",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.posts.views}/{resources.users.id}\", where: \"@.id\"}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "changed ones of several parents",
                child(
                    "columns: {id: text!}\nparents: changed\nendpoint: {path: \"a/{resources.posts.views}/{resources.users.id}\"}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "a column of one of several parents",
                child(
                    "columns: {id: text!}\ninclude_from_parent: [id]\nendpoint: {path: \"a/{resources.posts.views}/{resources.users.id}\"}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "a column of another resource than the parents",
                child(
                    "columns: {id: text!}\ninclude_from_parent: [user.id]\nendpoint: {path: \"a/{resources.posts.views}/{resources.users.id}\"}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "an unknown column of one of several parents",
                child(
                    "columns: {id: text!}\ninclude_from_parent: [users.name]\nendpoint: {path: \"a/{resources.posts.views}/{resources.users.id}\"}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "a tree whose first records are not said",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.comments.id}\", maximum_depth: 3}",
                    "",
                ),
            ),
            (
                "a tree whose first path is missing",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.comments.id}\", root: {params: {top: 1}}}",
                    "",
                ),
            ),
            (
                "a tree whose first body is missing",
                child(
                    "columns: {id: text!}\nendpoint: {path: a, method: POST, json: {in: \"{resources.comments.id}\"}, root: {path: b}}",
                    "",
                ),
            ),
            (
                "a tree whose first records have one above them",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.comments.id}\", root: {path: \"b/{resources.comments.id}\"}}",
                    "",
                ),
            ),
            (
                "a tree at another origin",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.comments.id}\", root: {path: https://other.example.com/a}}",
                    "",
                ),
            ),
            (
                "a tree with another parent",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.comments.id}/{resources.posts.views}\", root: {path: a}}",
                    "",
                ),
            ),
            (
                "a tree with a cursor",
                child(
                    "columns: {id: text!, at: timestamp!}\nendpoint: {path: \"a/{resources.comments.id}\", root: {path: a}, incremental: {cursor_path: at}}",
                    "",
                ),
            ),
            (
                "a tree in batches",
                child(
                    "columns: {id: text!}\nendpoint: {path: a, params: {in: \"{resources.comments.id}\"}, root: {path: b}, batch: 3}",
                    "",
                ),
            ),
            (
                "a tree of changed parents",
                child(
                    "columns: {id: text!}\nparents: changed\nendpoint: {path: \"a/{resources.comments.id}\", root: {path: b}}",
                    "",
                ),
            ),
            (
                "a tree by a column that may be null",
                child(
                    "columns: {id: text}\nendpoint: {path: \"a/{resources.comments.id}\", root: {path: b}}",
                    "",
                ),
            ),
            (
                "a tree by an unknown column",
                child(
                    "columns: {id: text}\nendpoint: {path: \"a/{resources.comments.ids}\", root: {path: b}}",
                    "",
                ),
            ),
            (
                "an untyped tree",
                child(
                    "columns: json\nendpoint: {path: \"a/{resources.comments.ids}\", root: {path: b}}",
                    "",
                ),
            ),
            (
                "a root of no tree",
                child(
                    "columns: {id: text}\nendpoint: {path: \"a/{resources.posts.views}\", root: {path: b}, maximum_depth: 3}",
                    "",
                ),
            ),
            (
                "groups without the key of the second parent",
                child(
                    "columns: {at: timestamp!}\nwrite_disposition: merge\nmerge_key: [_posts_id, at]\ninclude_from_parent: [posts.id]\n\
                     endpoint: {path: \"a/{resources.posts.id}/{resources.users.id}\", incremental: {cursor_path: at}}",
                    "- name: users\n  primary_key: id\n  columns: {id: text!}",
                ),
            ),
        ],
    );
}

#[test]
fn parents() {
    say(
        "parents",
        &[
            (
                "an unknown parent",
                asked("path: /posts/{resources.post.id}"),
            ),
            (
                "no parent at all like it",
                asked("params: {q: \"{resources.elsewhere.id}\"}"),
            ),
            (
                "its own parent",
                asked("path: /posts/{resources.comments.id}"),
            ),
            (
                "a circle",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.replies.id}",
                    "- name: replies\n  columns: {id: text!}\n  endpoint: b/{resources.likes.id}\n\
                     - name: likes\n  columns: {id: text!}\n  endpoint: c/{resources.comments.id}",
                ),
            ),
            (
                "an unknown parent of what is included",
                child(
                    "columns: {id: text!}\nprimary_key: [_post_id, id]\ninclude_from_parent: [id]\nendpoint: a/{resources.post.id}",
                    "- name: likes\n  columns: {id: text!}\n  include_from_parent: [_post_id]\n  primary_key: _comments__post_id\n  endpoint: a/{resources.comments._post_id}",
                ),
            ),
            (
                "a parent without its namespace",
                child(
                    "columns: {id: text!}\nprimary_key: [_posts_id, id]\ninclude_from_parent: [id]\nendpoint: a/{posts.id}",
                    "",
                ),
            ),
            (
                "an untyped parent",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.users.id}",
                    "- name: users\n  columns: json",
                ),
            ),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list")]
fn fields_of_parents() {
    say(
        "fields_of_parents",
        &[
            (
                "a field that is none",
                asked("path: /posts/{resources.posts.ident}"),
            ),
            (
                "a field of an unknown type",
                child(
                    "columns: {id: text!}\nprimary_key: [_users_id, _users_at, id]\ninclude_from_parent: [id, at]\nendpoint: {path: \"a/{resources.users.id}/{resources.users.at}\", params: {q: \"{resources.users.at.year}\"}}",
                    "- name: users\n  columns: {id: int!, at: datetime!}",
                ),
            ),
            (
                "a field of a parent whose key is none",
                child(
                    "columns: {id: text!}\nprimary_key: [_users_id, id]\ninclude_from_parent: [id]\nendpoint: a/{resources.users.id}",
                    "- name: users\n  primary_key: idd\n  columns: {id: bigint}",
                ),
            ),
            (
                "a field of a parent whose key is misspelt",
                child(
                    "columns: {id: text!}\nprimary_key: [_users_id, id]\ninclude_from_parent: [id]\nendpoint: a/{resources.users.id}",
                    "- name: users\n  primarykey: id\n  columns: {id: bigint}",
                ),
            ),
            (
                "a field of a parent that has no key",
                child(
                    "columns: {id: text!}\nprimary_key: [_users_id, id]\ninclude_from_parent: [id]\nendpoint: a/{resources.users.id}",
                    "- name: users\n  columns: {id: bigint}",
                ),
            ),
            ("no field", asked("path: /posts/{resources.posts}")),
            (
                "a nullable field in a path",
                asked("path: /posts/{resources.posts.lang}"),
            ),
            (
                "a nullable field of an object that may be missing, in a path",
                asked("path: /posts/{resources.posts.author.id}"),
            ),
            (
                "an element, in a path",
                asked("path: /posts/{resources.posts.tags[0]}"),
            ),
            (
                "any json, in a path",
                asked("path: /posts/{resources.posts.extra}"),
            ),
            (
                "a nullable field that a path is bound to",
                asked("path: /posts/{lang}\nparams: {lang: \"{resources.posts.lang}\"}"),
            ),
            (
                "the same in dlt's older form",
                asked(
                    "path: /posts/{lang}\nparams:\n  lang: {type: resolve, resource: posts, field: lang}",
                ),
            ),
            (
                "dlt's older form without a field",
                asked("path: /posts/{id}\nparams: {id: {type: resolve, resource: posts}}"),
            ),
            (
                "dlt's older form with more than it has",
                asked(
                    "path: /posts/{id}\nparams: {id: {type: resolve, resource: posts, field: id, x: 1}}",
                ),
            ),
            (
                "an object as a parameter",
                asked("params: {q: \"{resources.posts.author}\"}"),
            ),
            (
                "nothing of that name in an object",
                asked("path: /a/{resources.posts.owner.name}"),
            ),
            (
                "a key of a list",
                asked("params: {q: \"{resources.posts.tags.first}\"}"),
            ),
            (
                "into a number",
                asked("params: {q: \"{resources.posts.views.day}\"}"),
            ),
            (
                "several elements",
                asked("params: {q: \"{resources.posts.tags[0:2]}\"}"),
            ),
            (
                "a field of a parent in the credentials",
                asked(
                    "path: /posts/{resources.posts.id}\nauth: {type: bearer, token: \"{resources.posts.id}\"}",
                ),
            ),
            (
                "a field of a parent in the base URL",
                client("").replace(
                    "https://api.example.com",
                    "https://{resources.things.id}.example.com",
                ),
            ),
        ],
    );
}

#[test]
fn included_columns() {
    let id = "endpoint: posts/{resources.posts.id}/comments\n";
    say(
        "included_columns",
        &[
            (
                "included without a parent",
                resource("include_from_parent: [id]\ncolumns: {id: text}"),
            ),
            (
                "an included column that is none",
                child(
                    &format!("{id}columns: {{id: text}}\ninclude_from_parent: [idd, author.id]"),
                    "",
                ),
            ),
            (
                "an included column that is none, as a key",
                child(
                    &format!(
                        "{id}columns: {{id: text}}\ninclude_from_parent: [idd]\nprimary_key: [_posts_idd, id]"
                    ),
                    "",
                ),
            ),
            (
                "an included column whose name is taken",
                child(
                    &format!(
                        "{id}columns: {{id: text, _Posts_ID: text}}\ninclude_from_parent: [id]"
                    ),
                    "",
                ),
            ),
            (
                "a column included twice",
                child(
                    &format!("{id}columns: {{id: text}}\ninclude_from_parent: [lang, lang]"),
                    "",
                ),
            ),
            (
                "a setting that is included and missing in the key, and one that is not declared",
                "config: {tenant: text}\nclient: {base_url: \"https://h.example/{config.tenant}\", paginator: single_page}\nresources:\n  - name: posts\n    primary_key: id\n    write_disposition: merge\n    include_from_config: [tenant, org]\n    columns: {id: text}\n".to_owned(),
            ),
            (
                "included in untyped records",
                child(&format!("{id}columns: json\ninclude_from_parent: [id]"), ""),
            ),
            (
                "a nullable column as a key",
                child(
                    &format!(
                        "{id}columns: {{id: text}}\ninclude_from_parent: [lang]\nprimary_key: [_posts_lang, id]"
                    ),
                    "",
                ),
            ),
        ],
    );
}

#[test]
fn nulls_of_parents() {
    say(
        "nulls_of_parents",
        &[
            (
                "no field that may be null",
                asked("path: /posts/{resources.posts.id}\non_null_parent: skip"),
            ),
            (
                "no parent",
                resource(
                    "columns: { id: text! }\nendpoint: { path: /things, on_null_parent: error }",
                ),
            ),
            (
                "a word that is none",
                asked("path: /posts/{resources.posts.lang}\non_null_parent: ignore"),
            ),
        ],
    );
}

#[test]
fn elements_of_parents() {
    say(
        "elements_of_parents",
        &[
            (
                "two lists",
                child(
                    "columns: { id: text! }\ninclude_from_parent: [\"tags[*]\"]\nendpoint: /posts/{resources.posts.extra[*]}",
                    "",
                ),
            ),
            (
                "no list",
                asked("params: {q: \"{resources.posts.lang[*]}\"}"),
            ),
            (
                "a list of lists",
                asked("params: {q: \"{resources.posts.extra[*].a[*]}\"}"),
            ),
            (
                "no field of the element",
                asked("path: /posts/{resources.posts.tags[*].name}"),
            ),
            (
                "a whole list in a path",
                asked("path: /posts/{resources.posts.tags}"),
            ),
            (
                "an element that may be null",
                child(
                    "columns: { id: text! }\nendpoint: /likes/{resources.likes.ids[*]}",
                    "- name: likes\n  columns: { ids: { data_type: array, items: bigint } }",
                ),
            ),
            (
                "an element that no request has",
                child(
                    "columns: { id: text! }\ninclude_from_parent: [\"tags[*]\"]\nendpoint: /posts/{resources.posts.id}",
                    "",
                ),
            ),
            (
                "a default in a list that may be null",
                asked("params: {q: '{resources.posts.tags[*] | default(\"a\")}'}"),
            ),
            (
                "an element in the key",
                child(
                    "columns: { id: text! }\ninclude_from_parent: [\"tags[*]\"]\nprimary_key: [_posts_tags, id]\nendpoint: /posts/{resources.posts.views}/{resources.posts.tag[*]}",
                    "",
                ),
            ),
        ],
    );
}

#[test]
fn changed_parents() {
    let spec = |parent: &str, lines: &str| {
        format!(
            "client: {{ base_url: \"https://a.example\", paginator: single_page }}\nresources:\n  - name: posts\n    primary_key: id\n    endpoint: {{ path: posts{parent} }}\n    columns: {{ id: text!, at: bigint!, day: bigint! }}\n  - name: comments\n    include_from_parent: [id, day]\n    parents: changed\n    columns: {{ id: text!, at: bigint! }}\n{}",
            indented(lines, 4)
        )
    };
    let since = ", incremental: { cursor_path: at, start_param: since }";
    let merged = "endpoint: posts/{resources.posts.id}\nwrite_disposition: merge\nprimary_key: [_posts_id, id]";
    say(
        "changed_parents",
        &[
            ("a parent without a state", spec("", merged)),
            (
                "appended",
                spec(since, "endpoint: posts/{resources.posts.id}"),
            ),
            (
                "replaced",
                spec(
                    since,
                    "endpoint: posts/{resources.posts.id}\nwrite_disposition: replace",
                ),
            ),
            (
                "a state of its own",
                spec(
                    since,
                    &merged.replace(
                        "endpoint: posts/{resources.posts.id}",
                        "endpoint: { path: \"posts/{resources.posts.id}\", incremental: { cursor_path: at, start_param: since } }",
                    ),
                ),
            ),
            (
                "groups of several parents",
                spec(
                    since,
                    "endpoint: posts/{resources.posts.id}\nwrite_disposition: merge\nmerge_key: _posts_day",
                ),
            ),
            (
                "no parent",
                resource("columns: { id: text! }\nparents: changed"),
            ),
        ],
    );
}

#[test]
fn batches_of_parents() {
    say(
        "batches_of_parents",
        &[
            (
                "no parent",
                resource("columns: { id: text! }\nendpoint: { path: /things, batch: 10 }"),
            ),
            ("none", asked("path: /posts/{resources.posts.id}\nbatch: 0")),
            (
                "too many",
                asked("path: /posts/{resources.posts.id}\nbatch: 10001"),
            ),
            (
                "columns of one parent",
                child(
                    "columns: { id: text! }\ninclude_from_parent: [id]\nendpoint: { path: \"posts/{resources.posts.id}\", batch: 10 }",
                    "",
                ),
            ),
            (
                "a cursor",
                child(
                    "columns: { id: text!, at: bigint! }\nendpoint: { path: \"posts/{resources.posts.id}\", batch: 10, incremental: { cursor_path: at, start_param: since } }",
                    "",
                ),
            ),
            (
                "a parent that is skipped",
                asked(
                    "path: /posts/{resources.posts.id}\nbatch: 10\nresponse_actions: [{ status_code: 403, action: skip_parent }]",
                ),
            ),
        ],
    );
}

#[test]
fn conditions_on_parents() {
    let child = |condition: &str| {
        format!(
            "client: {{ base_url: \"https://a.example\", paginator: single_page }}\nresources:\n  - {{ name: posts, columns: {{ id: text! }} }}\n  - name: comments\n    endpoint: {{ path: \"posts/{{resources.posts.id}}\", where: {condition} }}\n    columns: {{ id: text }}\n"
        )
    };
    say(
        "conditions_on_parents",
        &[
            ("no filter", child("\"status = 'open'\"")),
            (
                "no parent",
                child("\"@.id\"").replace("{resources.posts.id}", "all"),
            ),
        ],
    );
}
