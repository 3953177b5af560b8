"""Names as they are common in Quảng Nam, to be put together at random: no combination means a person.

Repeated entries are meant: they are the weights.
"""

from deploy.local.district.district import Sex

SURNAMES = (
    *(("Nguyễn",) * 12),
    *(("Trần",) * 6),
    *(("Lê",) * 6),
    *(("Phan",) * 5),
    *(("Võ",) * 5),
    *(("Huỳnh",) * 5),
    *(("Phạm",) * 4),
    *(("Đặng",) * 3),
    *(("Hồ",) * 3),
    *(("Ngô",) * 3),
    *(("Trương",) * 3),
    *(("Đinh", "Mai", "Bùi", "Dương", "Đoàn", "Tăng", "Lương", "Văn", "Thái", "Cao", "Châu", "Lưu", "Hứa")),
    *(("Đỗ", "Tào", "Trà", "Doãn", "Lý", "Từ", "Tạ")),
)
"""Surnames, the frequent ones repeated."""

MIDDLE_NAMES = {
    Sex.MALE: ("Văn", "Văn", "Văn", "Đức", "Minh", "Quốc", "Hữu", "Công", "Thanh", "Xuân", "Ngọc", "Anh", "Đình",
            "Tấn", "Quang", "Viết", "Bá", "Thành", "Hoàng", "Nhật"),
    Sex.FEMALE: ("Thị", "Thị", "Thị", "Thị Thu", "Thị Thanh", "Thị Kim", "Thị Mỹ", "Thị Ngọc", "Ngọc", "Thu", "Thùy",
           "Phương", "Khánh", "Hoài", "Thị Bích", "Thị Hồng", "Kim", "Như", "Thảo"),
}  # fmt: skip
"""Middle names by sex."""

GIVEN_NAMES = {
    Sex.MALE: ("Anh", "Bảo", "Bình", "Chiến", "Công", "Cường", "Dũng", "Duy", "Đại", "Đạt", "Định", "Đông", "Hà",
            "Hải", "Hậu", "Hiếu", "Hòa", "Hoàng", "Hưng", "Huy", "Khánh", "Khoa", "Kiên", "Lâm", "Lợi", "Long",
            "Lực", "Minh", "Nam", "Nghĩa", "Nguyên", "Nhân", "Nhật", "Phát", "Phong", "Phú", "Phúc", "Phước",
            "Quân", "Quang", "Quốc", "Quý", "Sang", "Sơn", "Tài", "Tâm", "Tân", "Thắng", "Thành", "Thiện",
            "Thịnh", "Thọ", "Thủy", "Tiến", "Tín", "Toàn", "Trí", "Triều", "Trọng", "Trung", "Tú", "Tuấn", "Tùng",
            "Việt", "Vinh", "Vũ", "Vỹ", "Ý", "Hóa", "Khỏe"),
    Sex.FEMALE: ("An", "Anh", "Ánh", "Bích", "Châu", "Chi", "Cúc", "Diễm", "Diệu", "Dung", "Duyên", "Giang", "Hà",
           "Hân", "Hằng", "Hạnh", "Hiền", "Hoa", "Hòa", "Hoài", "Hồng", "Huệ", "Hương", "Hường", "Huyền",
           "Lài", "Lan", "Lành", "Liên", "Linh", "Loan", "Ly", "Mai", "My", "Mỹ", "Na", "Nga", "Ngân", "Ngọc",
           "Nguyệt", "Nhi", "Nhung", "Như", "Oanh", "Phượng", "Phương", "Quyên", "Quỳnh", "Sen", "Sương",
           "Thắm", "Thanh", "Thảo", "Thoa", "Thơ", "Thu", "Thương", "Thúy", "Thủy", "Tiên", "Trâm", "Trang",
           "Trinh", "Tuyền", "Tuyết", "Uyên", "Vân", "Vy", "Xuân", "Yến"),
}  # fmt: skip
"""Given names by sex; several can be written with the tone mark on either vowel (Hòa or Hoà)."""

AWAY_NOTES = (
    "Đi làm ở TP. Hồ Chí Minh",
    "Làm công nhân KCN Điện Nam – Điện Ngọc",
    "Đi làm xa, Tết mới về",
    "Học Đại học Huế",
    "Sinh viên Đại học Đà Nẵng",
    "Làm việc tại Bình Dương",
    "Học nghề ở Tam Kỳ",
    "Lao động Nhật Bản",
    "Công nhân may KCN Hòa Khánh, cuối tuần về",
)
"""What an officer writes beside someone who is away: most are."""

HOME_NOTES = ("Làm rừng keo", "Dạy mầm non", "Dân quân xã", "Buôn bán ở chợ", "Sinh hoạt tốt")
"""Other remarks that lists carry."""
