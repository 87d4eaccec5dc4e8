/* Twelve servo pulses from Timer1: two banks of six, each bank one pulse after the other, again every
 * TICK_MS.
 *
 * A bank takes over new pulses only between two frames: no pulse is ever cut short or drawn out by a change.
 */
#include <avr/interrupt.h>

#include "board.h"
#include "parts.h"
#include "pins.h"

#define PER_US 2                            /* Timer1 counts half microseconds */
#define FRAME (TICK_MS * 1000U * PER_US)    /* 40000: fits 16 bits */
#define SILENT_SLOT (PULSE_MIN_US * PER_US) /* how long a joint without a pulse takes its turn */

_Static_assert(BANK_JOINTS *PULSE_MAX_US < TICK_MS * 1000UL, "a bank's pulses must fit into a frame");

struct bank {
    uint16_t width[2][BANK_JOINTS];
    uint8_t shown; /* which of the two the interrupt reads */
    uint8_t ready; /* which of the two is to be shown from the next frame on */
    uint8_t slot;
    uint16_t left; /* of the frame */
};
static volatile struct bank bank_a = {.left = FRAME}, bank_b = {.left = FRAME};

/* One edge. The pins come first: what is counted after them makes no pulse longer. A whole turn takes 5 us,
 * and may have to wait for the other interrupts, which are as short: that is all the jitter there is. */
#define TURN(bank, show, compare)                                                                            \
    do {                                                                                                     \
        uint8_t slot = (bank).slot;                                                                          \
        if (slot == BANK_JOINTS) {                                                                           \
            show(BANK_JOINTS);                                                                               \
            (compare) += (bank).left;                                                                        \
            (bank).left = FRAME;                                                                             \
            (bank).shown = (bank).ready;                                                                     \
            (bank).slot = 0;                                                                                 \
        } else {                                                                                             \
            uint16_t width = (bank).width[(bank).shown][slot];                                               \
            show(width ? slot : BANK_JOINTS);                                                                \
            width = width ? width : SILENT_SLOT;                                                             \
            (compare) += width;                                                                              \
            (bank).left -= width;                                                                            \
            (bank).slot = slot + 1;                                                                          \
        }                                                                                                    \
    } while (0)

/* The pin of every slot; the last is for none. */
static const uint8_t on_d[BANK_JOINTS + 1] = {4, 8, 16, 32, 64, 128, 0};
static const uint8_t on_b[BANK_JOINTS + 1] = {1, 2, 4, 8, 16, 0, 0};
static const uint8_t on_c[BANK_JOINTS + 1] = {0, 0, 0, 0, 0, 32, 0};

static inline void show_a(uint8_t slot) { PORTD = (PORTD & (uint8_t)~SERVOS_D) | on_d[slot]; }

static inline void show_b(uint8_t slot) {
    PORTB = (PORTB & (uint8_t)~SERVOS_B) | on_b[slot];
    PORTC = (PORTC & (uint8_t)~SERVOS_C) | on_c[slot];
}

ISR(TIMER1_COMPA_vect) { TURN(bank_a, show_a, OCR1A); }

ISR(TIMER1_COMPB_vect) { TURN(bank_b, show_b, OCR1B); }

/* Fills the buffer that is not shown. Two calls in one frame: the second finds it free again only if it takes
 * back the first one's, which no interrupt has begun to read. */
static bool fill(volatile struct bank *bank, const uint16_t us[BANK_JOINTS]) {
    bool any = false;
    bank->ready = bank->shown;
    uint8_t free = !bank->shown;
    for (uint8_t j = 0; j < BANK_JOINTS; j++) {
        bank->width[free][j] = us[j] * PER_US;
        any = any || us[j];
    }
    bank->ready = free;
    return any;
}

void board_pulses(const uint16_t us[JOINTS]) {
    bool any_a = fill(&bank_a, us), any_b = fill(&bank_b, us + BANK_JOINTS);
    if (any_a || any_b) {
        PORTB |= _BV(LAMP_PIN); /* one instruction: no interrupt's pulse is lost by it */
    } else {
        PORTB &= (uint8_t)~_BV(LAMP_PIN);
    }
}

void servo_start(void) {
    PORTD &= (uint8_t)~SERVOS_D;
    PORTB &= (uint8_t) ~(SERVOS_B | _BV(LAMP_PIN));
    PORTC &= (uint8_t)~SERVOS_C;
    DDRD |= SERVOS_D;
    DDRB |= SERVOS_B | _BV(LAMP_PIN);
    DDRC |= SERVOS_C;
    TCCR1A = 0;
    TCCR1B = _BV(CS11);
    OCR1A = 2000;
    OCR1B = 2000 + 333; /* apart, so that the two rarely wait for each other */
    TIMSK1 = _BV(OCIE1A) | _BV(OCIE1B);
}
