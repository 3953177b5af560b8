"""Why a message did not go or did not arrive: stable words, and the sentence an officer reads."""

from __future__ import annotations

VIETNAMESE: dict[str, str] = {
    # before sending
    "no_mobile": "Chưa có số di động.",
    "no_email": "Chưa có địa chỉ e-mail.",
    "refused": "Người nhận đã từ chối nhận tin qua kênh này.",
    "unknown_person": "Chưa có thông tin liên hệ của người này.",
    "superseded": "Tin này đã được thay bằng tin mới hơn trước khi gửi.",
    "cancelled": "Cuộc họp đã hủy trước khi tin được gửi.",
    "was_not_told": "Người này chưa nhận giấy mời nên không cần báo hủy.",
    "expired": "Đã quá giờ nên không gửi nữa.",
    "too_old": "Việc đã xảy ra quá lâu nên không gửi tin, tránh gửi hai lần.",
    # the gateway said no
    "blocked_number": "Số điện thoại bị chặn nhận tin.",
    "bad_number": "Số điện thoại không đúng.",
    "network_unregistered": "Tên định danh chưa đăng ký với nhà mạng của số này.",
    "brandname_unknown": "Tên định danh (brandname) chưa được nhà cung cấp công nhận.",
    "template_mismatch": "Nội dung khác mẫu đã đăng ký với nhà mạng.",
    "unsupported": "Nhà cung cấp không hỗ trợ loại tin này.",
    "refused_by_gateway": "Nhà cung cấp từ chối tin.",
    "bad_address": "Địa chỉ e-mail không nhận thư.",
    "refused_by_server": "Máy chủ thư từ chối thư.",
    # it was taken, and then
    "not_delivered": "Nhà mạng báo tin không tới máy.",
    "no_receipt": "Nhà cung cấp không báo lại kết quả.",
    # not now
    "gateway_account": "Tài khoản nhà cung cấp tin nhắn có lỗi (khóa, IP).",
    "no_balance": "Tài khoản nhà cung cấp tin nhắn đã hết tiền.",
    "over_limit": "Đã vượt hạn mức gửi; sẽ gửi lại.",
    "gateway_busy": "Nhà cung cấp đang bận; sẽ gửi lại.",
    "gateway_unreachable": "Chưa kết nối được nhà cung cấp; sẽ gửi lại.",
    "no_answer": "Nhà cung cấp không trả lời kịp; đang hỏi lại.",
    "quiet_hours": "Chờ hết giờ yên tĩnh.",
    "earlier_message": "Chờ biết kết quả của tin trước.",
    "contact_awaited": "Đang chờ thông tin liên hệ.",
    "gave_up": "Đã thử nhiều lần mà không gửi được.",
}


def in_vietnamese(reason: str | None) -> str | None:
    """The sentence for a reason word; a word without one is shown as it is."""
    return None if reason is None else VIETNAMESE.get(reason, reason)
