/* What each message from the host does, and the answer to it. The safety room decides; this only asks it. */
#ifndef COMMAND_H
#define COMMAND_H

#include "board.h"
#include "frame.h"
#include "safety.h"

struct robot {
    struct safety safety;
    struct board_inputs inputs; /* as the last tick saw them */
    uint16_t table_crc;
    uint8_t reset;
    uint16_t sequence; /* of the next frame to the host */
    uint16_t good;
    uint16_t damaged;
    uint16_t old;
    uint16_t refused;
};

void command_init(struct robot *robot, uint32_t boot_id, uint8_t reset);

/* Does what `frame` asks for. The answer is written to `wire`; returns its length, 0 for none. */
uint8_t command_handle(struct robot *robot, const struct frame *frame, uint8_t wire[FRAME_WIRE]);

/* The news that the firmware has started. */
uint8_t command_boot(struct robot *robot, uint8_t wire[FRAME_WIRE]);

#endif
