/* The main loop: bytes in, frames apart, answers out. Movement happens in firmware_tick(), which the board
 * calls. */
#include "board.h"
#include "command.h"

static struct robot robot;
static volatile uint8_t ticks;

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

int main(void) {
    static struct frame_reader reader;
    static uint8_t wire[FRAME_WIRE];
    uint8_t reset = board_init();
    command_init(&robot, board_boot_id(), reset);
    board_send(wire, command_boot(&robot, wire));
    board_unlock();
    uint8_t fed = ticks;
    for (;;) {
        /* Fed only while ticks come: if the timer dies, so does this start of the firmware. */
        if (fed != ticks) {
            fed = ticks;
            board_feed_watchdog();
        }
        uint8_t byte;
        if (!board_receive(&byte)) {
            board_idle();
            continue;
        }
        struct frame frame;
        uint8_t result = frame_read(&reader, byte, &frame);
        if (result == FRAME_GOOD) {
            board_send(wire, command_handle(&robot, &frame, wire));
        } else if (result == FRAME_DAMAGED) {
            robot.damaged++;
        }
    }
}
