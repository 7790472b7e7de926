"""Names of things that scenes are made of, for objects that nobody has named."""

WORDS = tuple(
    """
airplane, alarm clock, apple, apron, armchair, backpack, bag, ball, balloon, banana, barrel,
basket, bathtub, bean bag, bear, bed, bell, belt, bench, bicycle, bin, bird, blanket, blinds,
boat, book, bookshelf, boot, bottle, bowl, box, bread, brick, bridge, broom, brush, bucket,
building, bulldozer, bus, bush, butterfly, cabinet, cable, cactus, cake, calculator, calendar,
camera, candle, candlestick, cap, car, card, cardboard box, carpet, carrot, cat, ceiling, chain,
chair, chessboard, chest of drawers, clock, cloth, cloud, coat, coffee machine, coin, computer,
cookie, corkscrew, couch, countertop, cow, crate, cup, curtain, cushion, cutting board, desk,
dinosaur, dish rack, dishwasher, dog, doll, donut, door, doormat, drawer, dress, drill, drum,
duck, egg, elephant, excavator, extinguisher, fan, faucet, fence, figurine, fire hydrant,
fireplace, fish, flag, flashlight, floor, flower, flower pot, football, fork, fountain, fox,
frame, fridge, frog, fruit, frying pan, game controller, garbage can, gate, giraffe, glass,
globe, glove, grapes, grass, guitar, hair dryer, hammer, handbag, handle, hat, headphones,
helmet, horse, hose, house, iron, jacket, jar, jug, kettle, key, keyboard, knife, lamp, lamp
post, lantern, laptop, leaf, lemon, lid, light bulb, lighter, log, loudspeaker, magazine,
magnet, mailbox, map, mask, mat, microphone, microscope, microwave, mirror, monitor, mop,
motorcycle, mouse, mug, mushroom, napkin, newspaper, notebook, onion, orange, oven, owl,
painting, pan, paper, parasol, peach, pear, pen, pencil, penguin, pepper, phone, photograph,
piano, picnic table, pig, pill bottle, pillow, pineapple, pipe, pizza, placemat, plant, plate,
playing card, plug, plush toy, pole, poster, pot, potato, power strip, printer, pumpkin, purse,
rabbit, racket, radiator, radio, railing, refrigerator, remote control, road, robot, rock, roof,
rope, rug, ruler, sandal, saucer, saw, scarf, scissors, screen, screwdriver, sculpture, sewing
machine, sheep, shelf, shell, shirt, shoe, shovel, shower, sign, sink, skateboard, skull,
slipper, snake, soap, sock, sofa, spatula, spectacles, sponge, spoon, spray bottle, stairs,
stapler, statue, steering wheel, stone, stool, stove, strawberry, street light, suitcase,
sunglasses, surfboard, sword, table, tablecloth, tape, tea bag, teapot, teddy bear, telephone,
television, tent, tie, tile, tissue box, toaster, toilet, tomato, toolbox, toothbrush, towel,
toy, toy car, toy train, tractor, traffic cone, traffic light, train, trash can, tray, tree,
tripod, trophy, trousers, truck, trumpet, turtle, typewriter, umbrella, vacuum cleaner, vase,
violin, wall, wallet, wardrobe, washing machine, watch, watering can, watermelon, wheel,
wheelbarrow, whiteboard, window, window sill, wine bottle, wine glass, wrench
""".replace("\n", " ")
    .strip()
    .split(", ")
)
