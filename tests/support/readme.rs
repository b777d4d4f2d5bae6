//! The commands of the README.

pub const README: &str = include_str!("../../README.md");

/// The insides of its blocks of a kind.
pub fn blocks(kind: &str) -> Vec<&'static str> {
    let opening = format!("\n```{kind}\n");
    let blocks = README.split(&*opening).skip(1);
    blocks.map(|block| block.split_once("\n```").unwrap().0).collect()
}

/// The commands of the table, in its order.
pub fn table() -> Vec<&'static str> {
    let (_, table) = README.split_once("| Command | Does |\n| --- | --- |\n").unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| "));
    let cells = rows.map(|row| row.split_once(" | ").unwrap().0);
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// Whether a command is one for root, or for a kernel with fs-verity: the virtual machine runs those.
pub fn is_for_the_kernel(command: &str) -> bool {
    ["cfs mount", "cfs umount", "cfs verity enable", "cfs store seal"]
        .iter()
        .any(|start| command.starts_with(start))
}

/// What is typed at root's prompt.
pub fn of_root() -> Vec<&'static str> {
    let lines = blocks("console").into_iter().flat_map(str::lines);
    lines.filter_map(|line| line.strip_prefix("# ")).collect()
}
