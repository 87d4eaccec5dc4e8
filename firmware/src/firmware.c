#include "firmware.h"

#include <string.h>

#include "board.h"
#include "command.h"

static struct robot robot;
static struct frame_reader reader;
static uint8_t wire[FRAME_WIRE];
static volatile uint8_t ticks;

void firmware_start(uint8_t reset) {
    memset(&reader, 0, sizeof reader);
    command_init(&robot, board_boot_id(), reset);
    /* What the reset cut short must not take the news of it along. */
    static const uint8_t end = 0;
    board_send(&end, 1);
    board_send(wire, command_boot(&robot, wire));
}

void firmware_byte(uint8_t byte) {
    struct frame frame;
    uint8_t result = frame_read(&reader, byte, &frame);
    if (result == FRAME_GOOD) {
        board_send(wire, command_handle(&robot, &frame, wire));
    } else if (result == FRAME_DAMAGED) {
        robot.damaged++;
    }
}

void firmware_tick(void) {
    board_measure(&robot.inputs);
    struct safety_inputs inputs = {robot.inputs.digital & INPUT_ESTOP_OPEN, robot.inputs.logic_mv,
                                   robot.inputs.servo_mv};
    safety_tick(&robot.safety, &inputs);
    uint16_t pulses[JOINTS];
    for (uint8_t j = 0; j < JOINTS; j++) {
        pulses[j] = safety_pulse_us(&robot.safety, j);
    }
    board_pulses(pulses);
    ticks++;
}

uint8_t firmware_ticks(void) { return ticks; }
