"""CelebA's files: their hashes, who keeps a copy, and fetching them from the first that works."""

from pathlib import Path

from gan_utils.datasets.download import DownloadError, fetch, is_whole

FACES, ATTRIBUTES, PARTITION = (
    "img_align_celeba.zip",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
)
# name, bytes, MD5: the hashes are those that torchvision.datasets.CelebA checks, too.
FILES = (
    (FACES, 1_443_490_838, "00d2c5bc6d35e252742224ab0c1e8fcb"),
    (ATTRIBUTES, 26_721_026, "75e246fa4810816ffd6ee81facbd244c"),
    (PARTITION, 2_836_386, "d32c9cbf5e040fd4025c592c306e6668"),
)
# Who keeps a copy, and where each file lies, as published in 2026. Whatever they send is checked
# against FILES, so an address that has died or changed hands costs a try, not a wrong picture.
MIRRORS = (
    (
        "Internet Archive",
        {
            FACES: "https://archive.org/download/celeba/Img/img_align_celeba.zip",
            ATTRIBUTES: "https://archive.org/download/celeba/Anno/list_attr_celeba.txt",
            PARTITION: "https://archive.org/download/celeba/Eval/list_eval_partition.txt",
        },
    ),
    (
        "GRAAL, Université Laval",
        {name: f"https://graal.ift.ulaval.ca/public/celeba/{name}" for name, _, _ in FILES},
    ),
    (
        "Udacity's deep learning course",
        {FACES: "https://s3-us-west-1.amazonaws.com/udacity-dlnfd/datasets/celeba.zip"},
    ),
)
HOME = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"


def by_hand(root: Path) -> str:
    """What to fetch with a browser, and where to put it."""
    rows = "\n".join(f"  {name}  {size:,} bytes  md5 {md5}" for name, size, md5 in FILES)
    return (
        f"By hand: get these from {HOME} (folders Img, Anno and Eval) and put them into "
        f"{root / 'celeba'}, unopened; the faces alone will do, without labels:\n{rows}\n"
        "datasets.cartoon() draws faces without any download."
    )


def download_all(folder: Path) -> None:
    """Fetch what is missing, link by link, and print what becomes of each.

    Raises:
        FileNotFoundError: no link gave the faces; the message says how to get them by hand.
    """
    for name, size, md5 in FILES:
        if is_whole(folder / name, md5, size):
            print(f"{name}: already there, whole")
            continue
        if name == FACES and any((folder / FACES.removesuffix(".zip")).glob("*.jpg")):
            print(f"{name}: already there, unpacked")
            continue
        if not _fetched(folder / name, size, md5) and name == FACES:
            raise FileNotFoundError(
                f"no link gave CelebA's faces (see above). {by_hand(folder.parent)}"
            )


def _fetched(path: Path, size: int, md5: str) -> bool:
    """Try one link after the other, and say what became of each."""
    urls = {who: copies[path.name] for who, copies in MIRRORS if path.name in copies}
    for who in ("torchvision", *urls):
        try:
            if who == "torchvision":
                _by_torchvision(path, md5)
            else:
                fetch(urls[who], path, md5, size)
        except Exception as error:  # whatever a link fails with, the next one is tried
            print(f"{path.name}: {who} failed: {error}")
        else:
            print(f"{path.name}: fetched from {who}")
            return True
    print(f"{path.name}: could not be had anywhere")
    return False


def _by_torchvision(path: Path, md5: str) -> None:
    """Fetch one file as torchvision's own loader does: from the authors' Google Drive, by gdown."""
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    try:
        import gdown  # noqa: F401
    except ImportError as error:
        raise DownloadError("it needs gdown: pip install gdown") from error
    (address,) = (address for address, _, known in CelebA.file_list if known == path.name)
    download_file_from_google_drive(address, path.parent, path.name, md5)
