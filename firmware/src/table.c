#include "table.h"

#include <string.h>

#include "board.h"
#include "frame.h"

struct kept {
    struct msg_joint joint[JOINTS];
    uint16_t crc;
} __attribute__((packed));

struct joint table_joint(const struct msg_joint *m) {
    return (struct joint){m->configured == 1, m->centre_us, m->us_per_rad, m->low, m->high};
}

struct msg_joint table_message(const struct joint *j, uint8_t index) {
    return (struct msg_joint){index, j->configured, j->centre_us, j->us_per_rad, j->low, j->high};
}

uint16_t table_crc(const struct joint joint[JOINTS]) {
    uint16_t crc = 0xffff;
    for (uint8_t j = 0; j < JOINTS; j++) {
        struct msg_joint message = table_message(&joint[j], j);
        crc = crc16(crc, &message, sizeof message);
    }
    return crc;
}

void table_load(struct joint joint[JOINTS]) {
    struct kept kept;
    board_load(&kept, sizeof kept);
    bool sound = crc16(0xffff, kept.joint, sizeof kept.joint) == kept.crc;
    for (uint8_t j = 0; j < JOINTS; j++) {
        struct joint line = table_joint(&kept.joint[j]);
        bool fits = sound && kept.joint[j].joint == j && safety_joint_valid(&line);
        joint[j] = fits ? line : (struct joint){0};
    }
}

bool table_keep(const struct joint joint[JOINTS]) {
    struct kept kept, again;
    for (uint8_t j = 0; j < JOINTS; j++) {
        kept.joint[j] = table_message(&joint[j], j);
    }
    kept.crc = crc16(0xffff, kept.joint, sizeof kept.joint);
    if (!board_keep(&kept, sizeof kept)) {
        return false;
    }
    board_load(&again, sizeof again);
    return memcmp(&kept, &again, sizeof kept) == 0;
}
