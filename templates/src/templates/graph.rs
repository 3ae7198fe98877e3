//! The graph of parents and children on a connector's HTML page.

use serde::Serialize;

use super::model::Resource;

/// Sizes in pixels: those of a resource's box, the distances between boxes, and the width of a letter.
const HEIGHT: usize = 28;
const ROW: usize = 40;
const GAP: usize = 64;
const LETTER: usize = 9;
const PADDING: usize = 10;

/// The resources that are parents or children, from left to right. Sizes are pixels.
#[derive(Clone, Debug, Serialize)]
pub struct Graph {
    /// The width of the picture.
    pub width: usize,
    /// The height of the picture.
    pub height: usize,
    /// A box for each resource.
    pub nodes: Vec<Node>,
    /// A line for each parent of a resource.
    pub edges: Vec<Edge>,
}

/// The box of a resource.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// The name of the resource.
    pub name: String,
    /// The left end.
    pub x: usize,
    /// The top.
    pub y: usize,
    /// The width.
    pub width: usize,
    /// The height.
    pub height: usize,
    /// The left end of the name.
    pub text_x: usize,
    /// The base line of the name.
    pub text_y: usize,
}

/// A line from a parent to a child.
#[derive(Clone, Debug, Serialize)]
pub struct Edge {
    /// The parent.
    pub parent: String,
    /// The child.
    pub child: String,
    /// Where it begins, at the right of the parent.
    pub x1: usize,
    /// Its height there.
    pub y1: usize,
    /// Where it ends, at the left of the child.
    pub x2: usize,
    /// Its height there.
    pub y2: usize,
    /// The middle between its ends.
    pub middle: usize,
}

impl Graph {
    pub(super) fn of(resources: &[Resource]) -> Self {
        let order = order(resources);
        let depths: Vec<usize> = order.iter().map(|at| depth(resources, *at)).collect();
        let widths: Vec<usize> = (0..=depths.iter().copied().max().unwrap_or(0))
            .map(|column| {
                let named = order
                    .iter()
                    .zip(&depths)
                    .filter(|(_, depth)| **depth == column);
                let letters = named.map(|(at, _)| resources[*at].name.chars().count());
                letters.max().unwrap_or(0) * LETTER + 2 * PADDING
            })
            .collect();
        let nodes: Vec<Node> = (order.iter().zip(&depths).enumerate())
            .map(|(row, (at, depth))| {
                let x = 1 + widths[..*depth]
                    .iter()
                    .map(|width| width + GAP)
                    .sum::<usize>();
                let y = 1 + row * ROW;
                Node {
                    name: resources[*at].name.clone(),
                    x,
                    y,
                    width: widths[*depth],
                    height: HEIGHT,
                    text_x: x + PADDING,
                    text_y: y + 19,
                }
            })
            .collect();
        let edges = order.iter().flat_map(|at| {
            let child = &resources[*at];
            parents(resources, *at)
                .filter_map(|parent| edge(&nodes, &resources[parent].name, &child.name))
        });
        Self {
            width: nodes
                .iter()
                .map(|node| node.x + node.width + 1)
                .max()
                .unwrap_or(0),
            height: nodes.len() * ROW,
            edges: edges.collect(),
            nodes,
        }
    }
}

/// The resources that are parents or children: each parent before its children.
fn order(resources: &[Resource]) -> Vec<usize> {
    let has_children = |at: usize| {
        (0..resources.len()).any(|one| parents(resources, one).any(|parent| parent == at))
    };
    let mut order = Vec::new();
    for at in 0..resources.len() {
        if parents(resources, at).next().is_none() && has_children(at) {
            add(resources, at, &mut order);
        }
    }
    order
}

/// Adds a resource and then its children, each once all of its parents are there.
fn add(resources: &[Resource], at: usize, order: &mut Vec<usize>) {
    order.push(at);
    for child in 0..resources.len() {
        let mut all = parents(resources, child).peekable();
        let is_next = all.peek().is_some() && all.all(|parent| order.contains(&parent));
        if is_next && !order.contains(&child) {
            add(resources, child, order);
        }
    }
}

/// The parents of a resource, without itself, which a tree has.
fn parents(resources: &[Resource], at: usize) -> impl Iterator<Item = usize> {
    let names = resources[at].parents.iter();
    names
        .filter_map(move |name| resources.iter().position(|one| one.name == *name))
        .filter(move |parent| *parent != at)
}

/// The number of generations above a resource.
fn depth(resources: &[Resource], at: usize) -> usize {
    let above = parents(resources, at).map(|parent| depth(resources, parent) + 1);
    above.max().unwrap_or(0)
}

fn edge(nodes: &[Node], parent: &str, child: &str) -> Option<Edge> {
    let node = |name: &str| nodes.iter().find(|node| node.name == name);
    let (from, to) = (node(parent)?, node(child)?);
    let (x1, x2) = (from.x + from.width, to.x);
    Some(Edge {
        parent: parent.to_owned(),
        child: child.to_owned(),
        x1,
        y1: from.y + HEIGHT / 2,
        x2,
        y2: to.y + HEIGHT / 2,
        middle: usize::midpoint(x1, x2),
    })
}
