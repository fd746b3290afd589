"""The people of the console in a browser: whole at every width."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from app.base.work import begin
from app.standards import commands as standards
from tests.browser.conftest import Served
from tests.support.cast import HE_MIN, OPERATOR, id_number
from tests.support.office import Desk, Office

CROOKED = (
    ("编号", "姓名", "身份证号", "科室", "职称", "手机", "备注"),
    (
        "880001",
        " 李雯",
        id_number(date(1985, 5, 5), 2),
        "心内科",
        "主管护师",
        "１３９００００００２１",
        "",
    ),
    ("880002", "许国栋", "110101198001010000", "心内科", "主治医师", "13900000022", ""),
    ("880003", "郑海涛", "110101199102301524", "心内科", "主治医师", "13900000023", ""),
    ("880004", "孙志强", id_number(date(1975, 5, 5), 1), "心内料", "副主任医师", "", ""),
    ("880005", "田慧", id_number(date(1995, 5, 5), 2), "护理部", "主管护土", "1.39E+10", ""),
    ("", "冯雪梅", "11010119900101123", "护理部", "护师", "", ""),
)


@pytest.fixture
def desk(office: Office) -> Desk:
    desk = office.desk()
    with begin(desk.site, OPERATOR) as work:
        standards.load_shipped(work)
    return desk


def test_the_result_of_a_check_is_whole_at_every_width(
    served: Served,
    desk: Desk,
    at_desk: Callable[[Desk], Page],
    whole: Callable[[Page, str], None],
) -> None:
    page = at_desk(desk)
    page.goto(f"{served.url}/console/import/people")
    page.fill("#pasted", "\n".join("\t".join(row) for row in CROOKED))

    page.click("text=检查，先不导入")

    page.wait_for_selector("text=检查完了：1 行可以导入，5 行有错误")
    whole(page, "import-checked")
    page.click("text=导入 1 行，跳过 5 行")
    page.wait_for_selector("text=24 小时内可以整批撤回")
    whole(page, "import-done")


CAMERA = """
const seen = document.createElement("canvas");
[seen.width, seen.height] = [640, 480];
const paint = () => {
  const brush = seen.getContext("2d");
  brush.fillStyle = "#f2d5c4";
  brush.fillRect(0, 0, 640, 480);
  requestAnimationFrame(paint);
};
paint();
navigator.mediaDevices.getUserMedia = async () => seen.captureStream(20);
"""


def test_a_photo_is_taken_by_the_camera_of_the_desk(
    served: Served,
    desk: Desk,
    at_desk: Callable[[Desk], Page],
    whole: Callable[[Page, str], None],
) -> None:
    page = at_desk(desk)
    page.add_init_script(CAMERA)
    page.goto(f"{served.url}/console/people/{HE_MIN}")
    page.get_by_text("加照片").click()
    page.get_by_role("button", name="用摄像头拍").click()
    expect(page.locator("[data-eye]")).to_have_js_property("videoWidth", 640)
    whole(page, "person-camera")

    page.get_by_role("button", name="拍下").click()
    expect(page.get_by_label("拍下的照片")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="存为照片").click()

    expect(page.get_by_role("img", name="何敏的照片")).to_have_js_property("naturalWidth", 295)
    whole(page, "person-photo")
